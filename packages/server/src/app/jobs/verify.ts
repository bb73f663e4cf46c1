import type { Job } from "./index.ts";
export const verify: Job = async () => 0;
