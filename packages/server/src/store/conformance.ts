/**
 * What any home of the store port must pass: `runConformance(name, openHome)` registers the cases with node:test. The
 * home under test is compared with the in-memory model where a property, not an example, is meant.
 */
import { groupCases } from "./conformance/groups.ts";
import { blobCases } from "./conformance/blobs.ts";
import { commitCases } from "./conformance/commits.ts";
import type { OpenHome } from "./conformance/home.ts";
import { processCases } from "./conformance/processes.ts";
import { scanCases } from "./conformance/scans.ts";
import { describe } from "node:test";

export type { Home, OpenHome } from "./conformance/home.ts";

export function runConformance(name: string, openHome: OpenHome): void {
  describe(`store conformance: ${name}`, () => {
    commitCases(openHome);
    scanCases(openHome);
    groupCases(openHome);
    blobCases(openHome);
    processCases(openHome);
  });
}
