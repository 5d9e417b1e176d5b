/** The id in a receipt, which is a JWS in compact form (RFC 7515). `undefined` when it is none. */
export function receiptIdOf(receipt: string): string | undefined {
  try {
    const [, payload = ''] = receipt.split('.');
    const { receiptId } = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')));
    return typeof receiptId === 'string' ? receiptId : undefined;
  } catch {
    return undefined;
  }
}
