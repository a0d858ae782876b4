// The waterfall shows where the time of an answer went, from the shopper's last
// word to the first sound.

const steps = [
  ['transcript_ms', 'Words known'],
  ['first_token_ms', 'First word of the answer'],
  ['decided_ms', 'End of turn certain'],
  ['first_audio_ms', 'First sound'],
];
const svg = 'http://www.w3.org/2000/svg';

export function drawWaterfall(place, timings) {
  const known = steps.filter(([key]) => timings[key] >= 0).sort(([a], [b]) => timings[a] - timings[b]);
  if (known.length === 0) return;
  const longest = Math.max(...known.map(([key]) => timings[key]), 1);
  let before = 0;
  place.replaceChildren(...known.map(([key, name]) => {
    const at = timings[key];
    const row = document.createElement('div');
    const label = document.createElement('span');
    label.textContent = name;
    const bar = document.createElementNS(svg, 'svg');
    bar.setAttribute('viewBox', '0 0 100 8');
    bar.setAttribute('preserveAspectRatio', 'none');
    bar.append(rect(0, 100, 'wait'), rect(100 * before / longest, Math.max(100 * (at - before) / longest, 1), ''));
    const value = document.createElement('output');
    value.textContent = `${at} ms`;
    row.append(label, bar, value);
    before = at;
    return row;
  }));
  place.setAttribute('aria-label', known.map(([key, name]) => `${name} after ${timings[key]} milliseconds`).join(', '));
}

function rect(x, width, kind) {
  const shape = document.createElementNS(svg, 'rect');
  for (const [key, value] of Object.entries({ x, y: 0, width, height: 8, class: kind })) shape.setAttribute(key, value);
  return shape;
}
