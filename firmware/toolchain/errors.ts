/** What can go wrong before a single line of C is compiled, each with a text that says what to do next. */

/** A failure of the build environment. Its message is meant for a person: print it and exit non-zero, no stack trace. */
export class ToolchainError extends Error {
  override name = 'ToolchainError';
}

/** The cross compiler, CMake, Ninja or Python is missing and could not be installed. */
export class CompilerMissingError extends ToolchainError {
  override name = 'CompilerMissingError';
}

/** No Pico SDK: PICO_SDK_PATH points to nothing usable, or this system offers no way to fetch one. */
export class SdkMissingError extends ToolchainError {
  override name = 'SdkMissingError';
}

/** A folder that must be written is read-only. */
export class ReadOnlyFolderError extends ToolchainError {
  override name = 'ReadOnlyFolderError';
}

/** The SDK packages could not be fetched, or are not the ones expected. */
export class DownloadError extends ToolchainError {
  override name = 'DownloadError';
}

/** CMake or the compiler refused the sources; the message ends with their own words. */
export class BuildFailedError extends ToolchainError {
  override name = 'BuildFailedError';
}

/** Turns "permission denied" and "read-only file system" into {@link ReadOnlyFolderError}; rethrows anything else. */
export function explainWriteFailure(error: unknown, folder: string): never {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
    throw new ReadOnlyFolderError(
      `Cannot write to ${folder} (${code}). Make the folder writable, or work in a copy of the project that is.`,
    );
  }
  throw error;
}
