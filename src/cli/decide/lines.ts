/** Lines of a stream, bounded: one that is too long is told and passed over, not kept. */

/** Characters. A config is at most half a megabyte, and a call's arguments are not more. */
export const MAX_LINE = 8 * 1024 * 1024;

/** The text of each line, or undefined for one that is too long. `chunks` are decoded text. */
export async function* linesOf(
  chunks: AsyncIterable<string>,
  limit: number = MAX_LINE,
): AsyncGenerator<readonly (string | undefined)[]> {
  let rest = '';
  let dropping = false;
  for await (const chunk of chunks) {
    const parts = chunk.split('\n');
    const complete: (string | undefined)[] = [];
    for (const [index, part] of parts.entries()) {
      rest = dropping ? '' : rest + part;
      dropping ||= rest.length > limit;
      if (index < parts.length - 1) {
        complete.push(dropping ? undefined : rest);
        dropping = false;
        rest = '';
      }
    }
    // In batches: one step of the generator for each line would cost more than the line.
    yield complete;
  }
  if (dropping || rest !== '') {
    yield [dropping ? undefined : rest];
  }
}
