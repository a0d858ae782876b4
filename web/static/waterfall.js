// The waterfall shows where the time of an answer went, from the shopper's last
// word to the first sound.

const steps = [
  ['transcript_ms', 'Words known'],
  ['first_token_ms', 'First word of the answer'],
  ['decided_ms', 'End of turn certain'],
  ['first_audio_ms', 'First sound'],
];
const svg = 'http://www.w3.org/2000/svg';

// drawWaterfall fills place and says whether there was anything to show. typed
// says that the question was written, so that nothing had to be understood.
export function drawWaterfall(place, timings, typed) {
  const known = steps
    .filter(([key]) => timings[key] >= 0 && !(typed && (key === 'transcript_ms' || key === 'decided_ms')))
    .map(([key, name]) => ({ name, at: timings[key] }))
    .sort((a, b) => a.at - b.at);
  if (known.length === 0 || timings.transcript_ms < 0) return false; // the agent spoke first
  const longest = Math.max(known.at(-1).at, 1);
  let before = 0;
  place.replaceChildren(...known.map(({ name, at }) => {
    const row = document.createElement('div');
    const label = document.createElement('span');
    label.textContent = name;
    const bar = document.createElementNS(svg, 'svg');
    const rect = document.createElementNS(svg, 'rect');
    const shape = { viewBox: '0 0 100 8', preserveAspectRatio: 'none', 'aria-hidden': 'true' };
    for (const [key, value] of Object.entries(shape)) bar.setAttribute(key, value);
    const width = Math.max(100 * (at - before) / longest, 1.5);
    const box = { x: Math.min(100 * before / longest, 100 - width), width, height: 8 };
    for (const [key, value] of Object.entries(box)) rect.setAttribute(key, value);
    bar.append(rect);
    const value = document.createElement('b');
    value.textContent = `${at} ms`;
    row.append(label, bar, value);
    before = at;
    return row;
  }));
  return true;
}
