import type { Job } from "./index.ts";
export const rewrap: Job = async () => 0;
