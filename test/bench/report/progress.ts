/** One line that is overwritten on a terminal; elsewhere a line for each thing said. */

export interface Progress {
  section(name: string): void;
  readonly say: (text: string) => void;
  end(): void;
}

export interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export function createProgress(screen: Screen, sections: number): Progress {
  const startedAt = performance.now();
  let number = 0;
  let current = '';
  const clear = screen.isTTY === true ? '\r\u001B[K' : '';
  const end = screen.isTTY === true ? '' : '\n';
  const say = (text: string): void => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0).padStart(4);
    screen.write(`${clear}${seconds} s  ${String(number)}/${String(sections)} ${current}: ${text}${end}`);
  };
  return {
    section: (name) => {
      number += 1;
      current = name;
      say('starting');
    },
    say,
    end: () => {
      screen.write(clear);
    },
  };
}
