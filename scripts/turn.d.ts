export function takeTurn(file: string, onWait: (pid: number) => void): () => void;
