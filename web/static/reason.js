// reasonOf is an Error with the sentence that an answer of the server holds, its
// status, and the name of the problem ("busy", "in-call", …).
export async function reasonOf(response) {
  const problem = await response.json().catch(() => ({}));
  const message = problem.detail || `The shop’s server answered ${response.status}.`;
  return Object.assign(new Error(message), { status: response.status, kind: String(problem.type ?? '').split(':').at(-1) });
}

// ask is fetch whose errors are sentences.
export async function ask(path, options) {
  const response = await fetch(path, options).catch(() => {
    throw new Error('The shop cannot be reached just now. Look at your connection, then try again.');
  });
  if (!response.ok) throw await reasonOf(response);
  return response;
}
