// One track in one media element.

/** Plays `track`, or nothing; returns whether that is new. A track that is named again goes on as it is: a new source would cut it. */
export function playTrack(element: HTMLMediaElement, track: MediaStreamTrack | null): boolean {
  const before = element.srcObject instanceof MediaStream ? (element.srcObject.getTracks()[0] ?? null) : null;
  if (before === track) return false;
  element.srcObject = track && new MediaStream([track]);
  return true;
}
