/** Tests the reader's search: accents may be left out, and exact accents rank first. */

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

function makeFinder() {
  const docFinder = new Finder();
  docFinder.add(DOCS, "2024-08-22-hoc-tap");
  return docFinder;
}

function findIds(words, more = {}) {
  return makeFinder()
    .find({ words, kind: "", meeting: "", ...more })
    .map((doc) => doc.id);
}

test("a search ignores accents, and đ is d however it was typed", () => {
  assert.deepEqual(findIds("cong van"), ["t/hoa.html"]);
  assert.equal(findIds("da voi")[0], "t/da.html");
  assert.equal(findIds("Ðá vôi")[0], "t/da.html");
});

test("both styles of placing a tone are one word", () => {
  assert.equal(exactSpelling("hoà"), exactSpelling("hòa"));
  assert.equal(exactSpelling("uỷ"), exactSpelling("ủy"));
  assert.notEqual(exactSpelling("hoà"), exactSpelling("hoa"));
  assert.equal(fold("Hoà ỦY Đ"), "hoa uy d");
  assert.deepEqual(findIds("hòa bình"), ["t/hoa.html"]);
  assert.deepEqual(findIds("tỉnh uỷ"), ["t/uy.html"]);
});

test("the accents that were typed come first", () => {
  assert.deepEqual(findIds("đá"), ["t/da.html", "t/dua.html"]);
  assert.deepEqual(findIds("da"), ["t/dua.html", "t/da.html"]);
});

test("every word must occur; numbers and issuers are searched too", () => {
  assert.deepEqual(findIds("công văn thuế"), []);
  assert.deepEqual(findIds("632"), ["t/hoa.html"]);
  assert.deepEqual(findIds("sở hai"), ["t/dua.html"]);
  assert.deepEqual(findIds(""), []);
});

test("the beginning of a word is enough, and filters narrow", () => {
  assert.deepEqual(findIds("báo c", { kind: "CONG_VAN" }), []);
  assert.equal(findIds("báo c").length, 2);
  assert.deepEqual(findIds("chi", { meeting: "2030-01-01-khac" }), []);
});

test("a short code leads to its page whatever the case and the spaces", () => {
  assert.equal(makeFinder().byCode("CV 632"), "t/hoa.html");
  assert.equal(makeFinder().byCode("zz9"), null);
});

test("a text that arrives later is searched, and is requested once", () => {
  const docFinder = makeFinder();
  assert.deepEqual(docFinder.unread(""), ["t/uy.html"]);
  docFinder.addText("t/uy.html", "Để điện thoại im lặng");
  assert.deepEqual(docFinder.unread(""), []);
  assert.equal(docFinder.find({ words: "dien thoai", kind: "", meeting: "" })[0].id, "t/uy.html");
});

test("a material of two meetings is one document", () => {
  const docFinder = makeFinder();
  docFinder.add([DOCS[0]], "2024-09-12-sinh-hoat");
  assert.equal(docFinder.find({ words: "đá", kind: "", meeting: "" }).length, 2);
  assert.equal(docFinder.find({ words: "đá", kind: "", meeting: "2024-09-12-sinh-hoat" }).length, 1);
});
