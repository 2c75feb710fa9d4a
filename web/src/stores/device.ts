// What this device tells of itself: whether its screen shows the page, and on which network it is.

import { createSignal, onCleanup, type Accessor } from "solid-js";

/** Whether somebody can see the page. */
export function createVisible(): Accessor<boolean> {
  const [visible, setVisible] = createSignal(document.visibilityState === "visible");
  const review = (): void => void setVisible(document.visibilityState === "visible");
  document.addEventListener("visibilitychange", review);
  onCleanup(() => document.removeEventListener("visibilitychange", review));
  return visible;
}

/** Calls `heard` when the device is on a network again, or on another one. */
export function listenToNetwork(heard: () => void): () => void {
  // Chromium on phones alone tells of a change between two networks, and by the same event of every new estimate of their speed.
  const { connection } = navigator as { connection?: EventTarget & { type?: string } };
  let type = connection?.type;
  const review = (): void => {
    if (connection?.type === type) return;
    type = connection?.type;
    if (type !== "none") heard();
  };
  window.addEventListener("online", heard);
  connection?.addEventListener("change", review);
  return () => {
    window.removeEventListener("online", heard);
    connection?.removeEventListener("change", review);
  };
}
