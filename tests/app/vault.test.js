/** Tests the kiosk's vault (PINs), its cards, times of day, and the search by initials. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { cardHashOf, isCard } from "../../site/app/kiosk/desk/card.js";
import { dayOf, instantOf, latestInstant, statedInstant } from "../../site/app/kiosk/words/instants.js";
import { findPeople, selectedMatch } from "../../site/app/kiosk/desk/search.js";
import { seenOf } from "../../site/app/kiosk/desk/hall-standing.js";
import { clerkNames, EMPTY_VAULT, unlockKey, newKey, seal, unseal, withClerk } from "../../site/app/kiosk/device/vault.js";

globalThis.PIN_ITERATIONS = 1000; // the bundle sets a far higher number

test("sealed content opens with every clerk's PIN, and with no other", async () => {
  const key = await newKey();
  let vault = await withClerk(EMPTY_VAULT, key, "An", "246810");
  vault = await withClerk(vault, key, "Bình", "135791");
  const sealed = await seal(key, { name: "Mẫu Văn An" });

  for (const [place, pin] of ["246810", "135791"].entries()) {
    const openedKey = await unlockKey(vault.clerks[place], pin);
    assert.deepEqual(await unseal(openedKey, sealed), { name: "Mẫu Văn An" });
  }
  assert.equal(await unlockKey(vault.clerks[0], "135791"), null);
  assert.ok(!new TextDecoder().decode(sealed.box).includes("Mẫu"));
});

test("a clerk with a card needs the card too, and nobody reads the clerks' names without the key", async () => {
  const key = await newKey();
  const card = { half: "card", secret: "0".repeat(24), passkey: null };
  const vault = await withClerk(EMPTY_VAULT, key, "Mẫu Văn An", "246810", card);

  assert.equal(await unlockKey(vault.clerks[0], "246810"), null);
  assert.equal(await unlockKey(vault.clerks[0], "246810", "1".repeat(24)), null);
  assert.ok(await unlockKey(vault.clerks[0], "246810", card.secret));
  assert.deepEqual(await clerkNames(vault, key), { C1: "Mẫu Văn An" });
  assert.ok(!JSON.stringify([vault.clerks.map(({ id, half }) => [id, half]), new TextDecoder().decode(vault.names.box)]).includes("Mẫu"));
});

test("a new PIN takes the place of the old one", async () => {
  const key = await newKey();
  const before = await withClerk(EMPTY_VAULT, key, "An", "246810");
  const { clerks } = await withClerk(before, key, "An", "777777");

  assert.equal(clerks.length, 1);
  assert.equal(await unlockKey(clerks[0], "246810"), null);
  assert.ok(await unlockKey(clerks[0], "777777"));
});

test("a card is 24 digits, and the server stores its hash", async () => {
  assert.ok(isCard("0".repeat(24)));
  assert.ok(!isCard("0".repeat(23)));
  assert.equal(await cardHashOf("0".repeat(24)), "Gqp5mSkvN5XMhX6i");
});

test("a time on paper is a time of that day in Vietnam", () => {
  assert.equal(dayOf("2024-08-21T17:30:00.000Z"), "2024-08-22");
  assert.equal(instantOf("2024-08-22", "07:25"), "2024-08-22T00:25:00.000Z");
  const meeting = { starts_at: "2024-08-22T00:30:00Z", ends_at: "2024-08-22T04:00:00Z" };
  const at = (instant) => Date.parse(instant);
  assert.equal(statedInstant(meeting, "07:25", at("2024-08-22T01:10:00Z")), "2024-08-22T00:25:00.000Z");
  assert.equal(statedInstant(meeting, "07:25", at("2024-08-23T01:10:00Z")), "2024-08-22T00:25:00.000Z");
  assert.equal(statedInstant(meeting, "09:25", at("2024-08-22T01:10:00Z")), null); // still to come
  assert.equal(statedInstant(meeting, "", at("2024-08-22T01:10:00Z")), null);
  assert.equal(latestInstant("23:50", at("2024-08-22T17:10:00Z")), "2024-08-22T16:50:00.000Z");
});

const people = [
  { person: "M1", name: "Nguyễn Văn Tú", unit: "U", position: "", seat: "A1" },
  { person: "M2", name: "Trần Nvt Đạt", unit: "U", position: "", seat: "A2" },
];

test("initials find a name, after names that have the letters themselves", () => {
  assert.deepEqual(findPeople(people, "nvt").map((person) => person.person), ["M2", "M1"]);
  assert.equal(selectedMatch(findPeople(people, "vt"), "vt"), null);
});

test("a closing has seen the last number of every device", () => {
  const records = [["D-ONE", 3], ["D-ONE", 7], ["D-TWO", 1], ["O-lan", null]].map(([device, seq]) => ({ device, seq }));

  assert.deepEqual(seenOf(records), { "D-ONE": 7, "D-TWO": 1 });
});
