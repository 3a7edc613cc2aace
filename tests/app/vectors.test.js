/** The rules in JavaScript, held to the scenarios that the server's Python is held to. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { differences, judgeScenario, scenarios } from "./scenarios.js";

for (const scenario of scenarios) {
  test(scenario.name, () => {
    assert.deepEqual(differences(scenario.expect, judgeScenario(scenario)), []);
  });
}
