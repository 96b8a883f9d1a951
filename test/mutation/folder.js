/** Each folder is judged by its own tests: scripts/mutation.mjs says which. */
export const folder = process.env.MUTATION_FOLDER;
