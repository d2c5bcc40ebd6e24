// What the comparisons with the vendor's published packages share: random choices from a seed, and lines with `ok` and
// `FAILED`.

// A generator of random numbers that is the same everywhere.
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export class Choices {
  constructor(seed) {
    this.next = random(seed);
  }
  int(low, high) {
    return low + Math.floor(this.next() * (high - low + 1));
  }
  pick(list) {
    return list[this.int(0, list.length - 1)];
  }
  chance(percent) {
    return this.next() * 100 < percent;
  }
}

let failed = 0;

// Prints the result of a comparison below its details.
export function report(isOk, name, details = []) {
  details.forEach((line) => console.log(line));
  console.log(`${isOk ? 'ok' : 'FAILED'} ${name}`);
  failed += isOk ? 0 : 1;
}

// Ends with 1 if a comparison has failed.
export function exit() {
  process.exit(failed === 0 ? 0 : 1);
}
