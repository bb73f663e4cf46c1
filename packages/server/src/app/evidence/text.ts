/** Words of reports. */

/** "1 version", "2 versions". */
export const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;

export const iso = (ms: number): string => new Date(ms).toISOString();
