import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';

/** A sampling request (models/ARITHMETIC.md section 7). */
export interface HostSampling {
  /** Q16; 0 is greedy. */
  temperature: number;
  /** 0 is off. */
  topK: number;
  /** Q16; 65536 is off. */
  topP: number;
  seed: number;
}

export interface HostTap {
  /** Number of `enum sm_tap` in firmware/engine/port.h. */
  tap: number;
  layer: number;
  values: Int32Array;
}

export interface HostCandidate {
  image: Uint8Array;
  arenaBytes: number;
  flashLimit: number;
}

interface Response {
  /** 0 or a result; below 0 an `enum sm_error`. */
  status: number;
  body: Uint8Array;
}

const bytesOf = (words: ArrayLike<number>): Uint8Array =>
  new Uint8Array(Uint32Array.from(words, (w) => w >>> 0).buffer);

const wordsOf = (body: Uint8Array): Int32Array => new Int32Array(body.slice().buffer);

const samplingWords = (s: HostSampling): number[] => [s.temperature, s.topK, s.topP, s.seed];

/** The portable C engine in a process of its own, driven over a pipe; see main.c for the protocol. */
export class HostEngine {
  private readonly child: ChildProcessWithoutNullStreams;
  private received: Buffer[] = [];
  private receivedBytes = 0;
  private errors = '';
  private ended: string | undefined;
  private waiting: { resolve: (r: Response) => void; reject: (e: Error) => void }[] = [];

  /** @param executable what `buildHost` returned */
  constructor(executable: string) {
    this.child = spawn(executable, { stdio: 'pipe' });
    this.child.stdout.on('data', (chunk: Buffer) => this.receive(chunk));
    this.child.stderr.on('data', (chunk: Buffer) => {
      this.errors += chunk.toString();
    });
    this.child.stdin.on('error', () => {});
    this.child.on('error', (error) => this.end(error.message));
    this.child.on('close', (code, signal) => this.end(`ended with ${signal ?? code}\n${this.errors}`));
  }

  /** Loads an image; returns 0 or the validator's error code. */
  async load(image: Uint8Array, arenaBytes = 0xffffffff, flashLimit = 0xffffffff): Promise<number> {
    return (await this.ask('L', bytesOf([arenaBytes, flashLimit]), image)).status;
  }

  /** Work is split from now on as for so many cores. */
  async setCores(count: 1 | 2): Promise<void> {
    await this.ask('C', bytesOf([count]));
  }

  /** The validator's verdict on many images in one exchange. */
  async validate(candidates: HostCandidate[]): Promise<number[]> {
    const parts = candidates.flatMap(({ image, arenaBytes, flashLimit }) => [
      bytesOf([arenaBytes, flashLimit, image.length]),
      image,
    ]);
    return [...wordsOf((await this.ask('V', bytesOf([candidates.length]), ...parts)).body)];
  }

  /** Logits after each token, one after the other: (tokens, V). */
  async forward(tokens: number[], firstPosition = 0): Promise<Int32Array> {
    return wordsOf(this.good(await this.ask('F', bytesOf([firstPosition, ...tokens]))));
  }

  async taps(tokens: number[], firstPosition = 0): Promise<HostTap[]> {
    const words = wordsOf(this.good(await this.ask('T', bytesOf([firstPosition, ...tokens]))));
    const taps: HostTap[] = [];
    for (let at = 0; at < words.length; at += 3 + words[at + 2]) {
      const [tap, layer, count] = words.subarray(at, at + 3);
      taps.push({ tap, layer, values: words.slice(at + 3, at + 3 + count) });
    }
    return taps;
  }

  /** Draws from given logits, without a model. */
  async sample(
    request: HostSampling,
    draws: number,
    fl: number,
    exp2: Uint16Array,
    logits: Int32Array,
  ): Promise<number[]> {
    const table = new Uint8Array(exp2.buffer, exp2.byteOffset, exp2.byteLength);
    const head = bytesOf([...samplingWords(request), draws, fl]);
    return [...wordsOf(this.good(await this.ask('S', head, table, bytesOf(logits))))];
  }

  async generate(request: HostSampling, prompt: number[], count: number): Promise<number[]> {
    const words = bytesOf([...samplingWords(request), count, ...prompt]);
    return [...wordsOf(this.good(await this.ask('G', words)))];
  }

  /** `status` is the number of ids or an error; `at` the offset of an unknown character. */
  async encode(text: Uint8Array, capacity = 0): Promise<{ status: number; at: number; ids: number[] }> {
    const { status, body } = await this.ask('E', bytesOf([capacity]), text);
    const [at, ...ids] = wordsOf(body);
    return { status, at, ids };
  }

  async decode(ids: number[]): Promise<Uint8Array> {
    return this.good(await this.ask('D', bytesOf(ids)));
  }

  async close(): Promise<void> {
    this.child.stdin.end();
    if (this.ended === undefined) await new Promise((resolve) => this.child.once('close', resolve));
  }

  private good({ status, body }: Response): Uint8Array {
    if (status < 0) throw new Error(`the engine answered ${status}`);
    return body;
  }

  private ask(operation: string, ...parts: Uint8Array[]): Promise<Response> {
    if (this.ended !== undefined) return Promise.reject(new Error(`the host engine ${this.ended}`));
    const length = parts.reduce((sum, part) => sum + part.length, 1);
    const head = Buffer.alloc(5);
    head.writeUInt32LE(length, 0);
    head[4] = operation.charCodeAt(0);
    this.child.stdin.write(Buffer.concat([head, ...parts]));
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  private receive(chunk: Buffer): void {
    this.received.push(chunk);
    this.receivedBytes += chunk.length;
    while (this.receivedBytes >= 8 && this.receivedBytes >= this.bytesDue()) {
      const all = Buffer.concat(this.received);
      const end = this.bytesDue();
      const response = { status: all.readInt32LE(4), body: Uint8Array.from(all.subarray(8, end)) };
      this.received = [all.subarray(end)];
      this.receivedBytes = all.length - end;
      this.waiting.shift()?.resolve(response);
    }
  }

  /** Bytes of the response that is arriving; chunks are joined only as far as its length needs. */
  private bytesDue(): number {
    if (this.received[0].length < 4) this.received = [Buffer.concat(this.received)];
    return 4 + this.received[0].readUInt32LE(0);
  }

  private end(why: string): void {
    if (this.ended !== undefined) return;
    this.ended = why;
    for (const { reject } of this.waiting) reject(new Error(`the host engine ${why}`));
    this.waiting = [];
  }
}
