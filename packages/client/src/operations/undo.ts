/** Undoes a stored instruction file as far as it can, when the object itself was not stored. */
export type Undo = () => Promise<void>;
