/**
 * What may be at hand already (ADR 12): most of what a small read asks for is, and a promise that is settled already costs
 * it a turn all the same. A function that answers `Soon` throws where an async one would reject.
 */
export type Soon<T> = T | Promise<T>;

/** Goes on with the value: now if it is at hand, else when it comes. */
export function andThen<T, R>(value: Soon<T>, next: (value: T) => Soon<R>): Soon<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
