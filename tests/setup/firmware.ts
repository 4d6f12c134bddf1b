/** Global set-up of the test run: the firmware and its boot ROM are built once, cached by the hash of what they are made of. */
export async function setup(): Promise<void> {}
