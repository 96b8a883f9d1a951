/** Text from files, for a terminal: on one line, and without what would steer it. */
export function oneLine(text: string): string {
  return text.replace(/[\p{C}\u2028\u2029]+/gu, ' ');
}
