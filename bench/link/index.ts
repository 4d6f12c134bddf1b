export { joinLogits, LinkClient, type LinkClientOptions } from './client.ts';
export { DEVICE_ERRORS, type DeviceErrorName, LinkError, type LinkErrorName } from './errors.ts';
export * from './message.ts';
export type { ByteTransport } from './transport.ts';
