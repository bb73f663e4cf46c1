import type { Job } from "./index.ts";
export const uploads: Job = async () => 0;
