export { joinLogits, LinkClient, type LinkClientOptions } from './client.ts';
export { DEVICE_ERRORS, type DeviceErrorName, LinkError, type LinkErrorName } from './errors.ts';
export * from './message.ts';
export { BOOT_BAUD, openPort, type Port, SERIALPORT_PACKAGE, serialportLibrary } from './open.ts';
export { PortError, type PortErrorCode } from './port-error.ts';
export { StreamTransport } from './stream.ts';
export type { ByteTransport } from './transport.ts';
