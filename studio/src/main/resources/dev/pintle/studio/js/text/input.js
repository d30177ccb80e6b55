/** Texts as the page takes them: a plain one, or a conversation written as "user: …" and "assistant: …" lines. */
export function asInput(text) {
  const parts = text.split(/^(system|user|assistant):[ \t]*/m);
  if (parts.length < 3 || parts[0].trim()) return { text };
  const messages = [];
  for (let i = 1; i + 1 < parts.length; i += 2) messages.push({ role: parts[i], content: parts[i + 1].replace(/\n+$/, '') });
  return { messages };
}

export const asText = messages => messages.map(({ role, content }) => `${role}: ${content}`).join('\n');
