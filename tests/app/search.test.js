/** The reader's search: without accents, in either tone style, the exact accents first. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { exactSpelling, fold } from "../../site/app/fold.js";
import { Finder } from "../../site/app/search/finder.js";

const DOCS = [
  { id: "t/da.html", kind: "BAO_CAO", code: "da1", title: "Báo cáo về đá vôi", issuer: "Sở Một" },
  { id: "t/dua.html", kind: "BAO_CAO", code: "da2", title: "Báo cáo về da trâu", issuer: "Sở Hai" },
  { id: "t/hoa.html", kind: "CONG_VAN", code: "cv632", title: "Công văn tỉnh Hoà Bình", number: "632-CV/TU" },
  { id: "t/uy.html", kind: "CHI_THI", code: "ct02", title: "Chỉ thị của Tỉnh ủy", has_text: true },
];

function finder() {
  const own = new Finder();
  own.add(DOCS, "2024-08-22-hoc-tap");
  return own;
}

function found(words, more = {}) {
  return finder()
    .find({ words, kind: "", meeting: "", ...more })
    .map((each) => each.id);
}

test("words are found without accents, and đ is d however it was typed", () => {
  assert.deepEqual(found("cong van"), ["t/hoa.html"]);
  assert.equal(found("da voi")[0], "t/da.html");
  assert.equal(found("Ðá vôi")[0], "t/da.html");
});

test("both styles of placing a tone are one word", () => {
  assert.equal(exactSpelling("hoà"), exactSpelling("hòa"));
  assert.equal(exactSpelling("uỷ"), exactSpelling("ủy"));
  assert.notEqual(exactSpelling("hoà"), exactSpelling("hoa"));
  assert.equal(fold("Hoà ỦY Đ"), "hoa uy d");
  assert.deepEqual(found("hòa bình"), ["t/hoa.html"]);
  assert.deepEqual(found("tỉnh uỷ"), ["t/uy.html"]);
});

test("the accents that were typed come first", () => {
  assert.deepEqual(found("đá"), ["t/da.html", "t/dua.html"]);
  assert.deepEqual(found("da"), ["t/dua.html", "t/da.html"]);
});

test("every word must occur; a number and an issuer are found too", () => {
  assert.deepEqual(found("công văn thuế"), []);
  assert.deepEqual(found("632"), ["t/hoa.html"]);
  assert.deepEqual(found("sở hai"), ["t/dua.html"]);
  assert.deepEqual(found(""), []);
});

test("the beginning of a word is enough, and filters narrow", () => {
  assert.deepEqual(found("báo c", { kind: "CONG_VAN" }), []);
  assert.equal(found("báo c").length, 2);
  assert.deepEqual(found("chi", { meeting: "2030-01-01-khac" }), []);
});

test("a short code leads to its page whatever the case and the spaces", () => {
  assert.equal(finder().byCode("CV 632"), "t/hoa.html");
  assert.equal(finder().byCode("zz9"), null);
});

test("a text that comes later is found in, and is asked for once", () => {
  const own = finder();
  assert.deepEqual(own.unread(""), ["t/uy.html"]);
  own.addText("t/uy.html", "Để điện thoại im lặng");
  assert.deepEqual(own.unread(""), []);
  assert.equal(own.find({ words: "dien thoai", kind: "", meeting: "" })[0].id, "t/uy.html");
});

test("a material of two meetings is one document", () => {
  const own = finder();
  own.add([DOCS[0]], "2024-09-12-sinh-hoat");
  assert.equal(own.find({ words: "đá", kind: "", meeting: "" }).length, 2);
  assert.equal(own.find({ words: "đá", kind: "", meeting: "2024-09-12-sinh-hoat" }).length, 1);
});
