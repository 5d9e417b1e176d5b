export {
  type Closed,
  type Connection,
  type OpenOptions,
  type Transport,
  TransportError,
  type TransportErrorDetails,
} from './lib/messaging/transport.ts';
export { webSocketTransport } from './lib/messaging/web-socket.ts';
export { type WsTransportOptions, wsTransport } from './lib/messaging/ws.ts';
