/** Words in which code stands between backticks. */
export function Prose({ text }: { readonly text: string }) {
  const pieces = text.split('`').map((piece, index) => ({ piece, index }));
  return <>{pieces.map(({ piece, index }) => (index % 2 === 1 ? <code key={index}>{piece}</code> : piece))}</>;
}
