// The time as a signal, by the minute: words such as "вчера" grow old while they are shown.

import { createRoot, createSignal } from "solid-js";

export const now = createRoot(() => {
  const [time, setTime] = createSignal(new Date());
  window.setInterval(() => setTime(new Date()), 30_000);
  return time;
});
