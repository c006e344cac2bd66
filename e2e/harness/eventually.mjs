// Asks again until the answer is there, or the deadline has passed; then fails with what stood in the way last.

export async function eventually(what, attempt, { within = 60_000, every = 50 } = {}) {
  const deadline = Date.now() + within;
  for (;;) {
    try {
      const answer = await attempt();
      if (answer) return answer;
      if (Date.now() > deadline) throw new Error('it never was');
    } catch (error) {
      if (error.final || Date.now() > deadline) throw new Error(`waited until ${what}: ${error.message}`, { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}
