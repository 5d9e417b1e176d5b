export interface CardProps {
  readonly name: string;
  readonly value: string;
  readonly note: string;
  /** Asks for attention. Default false. */
  readonly alarming?: boolean;
}

/** One number that matters, and what it is part of. */
export function Card({ name, value, note, alarming = false }: CardProps) {
  return (
    <li class="card" data-alarming={alarming}>
      <p class="small quiet">{name}</p>
      <p class="big number">{value}</p>
      <p class="small quiet number">{note}</p>
    </li>
  );
}
