/** Judges record sets, one JSON object per input line; prints each standing as a JSON line. */

import { createInterface } from "node:readline";

import { standingOf } from "../../site/app/rules/standing.js";

for await (const line of createInterface({ input: process.stdin })) {
  const { point, records, moments } = JSON.parse(line);
  const standing = standingOf(point, records, (record) => {
    const [atMs, isDoubtful] = moments[`${record.device} ${record.seq} ${record.boot} ${record.at}`];
    return { atMs, isDoubtful };
  });
  process.stdout.write(`${JSON.stringify(standing)}\n`);
}
