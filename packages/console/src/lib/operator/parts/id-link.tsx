interface IdLinkProps {
  readonly id: string;
  readonly onOpen: () => void;
}

/** An id, short as people compare them, that opens what it names. */
export function IdLink({ id, onOpen }: IdLinkProps) {
  return (
    <button type="button" class="link mono" aria-label={`Open ${id}`} onClick={onOpen}>
      {id.slice(0, 12)}…
    </button>
  );
}
