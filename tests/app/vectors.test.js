/** Tests the JavaScript rules on the scenarios that also test the server's Python rules. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { differences, judgeScenario, scenarios } from "./scenarios.js";

for (const scenario of scenarios) {
  test(scenario.name, () => {
    assert.deepEqual(differences(scenario.expect, judgeScenario(scenario)), []);
  });
}
