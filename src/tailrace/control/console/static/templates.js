// Where the windows of the layouts stand, as the mixer has them; a test compares the two.

export const FLOATING = 1;
export const SCREEN_SHARING = 2;
export const GRID = 3;
export const CUSTOM = 4;

export const NAMES = { [FLOATING]: "Floating", [SCREEN_SHARING]: "Screen sharing", [GRID]: "Grid", [CUSTOM]: "Custom" };

const MOST_SMALL = 15;

const even = (number, divisor = 1) => Math.floor(number / (2 * divisor)) * 2;

function box(width, [x, wide], height, [y, high], columns, rows) {
  return { x: even(x * width, columns), y: even(y * height, rows), width: even(wide * width, columns), height: even(high * height, rows) };
}

function floating(small, width, height) {
  const boxes = [{ x: 0, y: 0, width: even(width), height: even(height) }];
  for (let number = 0; number < Math.min(small, MOST_SMALL); number += 1) {
    const [row, column] = [Math.floor(number / 4), number % 4];
    boxes.push(box(width, [12 + column * 247, 235], height, [1000 - (row + 1) * 247, 235], 1000, 1000));
  }
  return boxes;
}

function screenSharing(wanted, width, height) {
  const small = Math.min(wanted, MOST_SMALL);
  const [big, across, rows] = small <= 4 ? [4, 5, 4] : small <= 6 ? [6, 7, 6] : small <= 8 ? [8, 9, 8] : [8, 10, 8];
  const boxes = [box(width, [0, big], height, [0, 1], across, 1)];
  for (let number = 0; number < small; number += 1) {
    const [column, row] = [Math.floor(number / rows), number % rows];
    boxes.push(box(width, [big + column, 1], height, [row, 1], across, rows));
  }
  return boxes;
}

function grid(wanted, width, height) {
  const columns = Math.min(4, Math.floor(Math.sqrt(Math.max(0, wanted - 1))) + 1);
  const rows = wanted <= 2 ? 1 : columns;
  const boxes = [];
  for (let number = 0; number < Math.min(wanted, columns * rows); number += 1) {
    boxes.push(box(width, [2 * (number % columns), 2], height, [Math.floor(number / columns), 1], 2 * columns, rows));
  }
  return boxes;
}

/** Return the boxes of a dynamic layout for so many people. */
export function boxes(mode, people, width, height) {
  if (mode === GRID) return grid(people, width, height);
  const small = Math.max(0, people - 1);
  return mode === SCREEN_SHARING ? screenSharing(small, width, height) : floating(small, width, height);
}

/** Return a window for each of `users` as a layout has them; for one to begin with when it is to be customised. */
export function arranged(mode, users, width, height) {
  return boxes(mode, users.length, width, height).map((one, number) => ({ ...one, user: users[number] || "", layer: mode === FLOATING && number ? 1 : 0 }));
}
