// One drawing from the set.

import { ICONS, type IconName } from "./icons";

export function Icon(props: { name: IconName; size?: "xs" | "s" | "l" | "xl" }) {
  return <svg class={props.size ? `i ${props.size}` : "i"} viewBox="0 0 24 24" aria-hidden="true" innerHTML={ICONS[props.name]} />;
}

export function Logo(props: { size: number }) {
  return (
    <svg width={props.size} height={props.size} viewBox="0 0 48 48" aria-hidden="true">
      <rect width="48" height="48" rx="15" fill="#2E7D32" />
      <path
        d="M12.5 13.3c0-1.3 1-2.3 2.3-2.3h3.8c.9 0 1.7.6 2 1.5l1.4 4.3c.3.9 0 1.8-.7 2.4l-2.1 1.6a17.5 17.5 0 0 0 8 8l1.6-2.1c.6-.7 1.5-1 2.4-.7l4.3 1.4c.9.3 1.5 1.1 1.5 2v3.8c0 1.3-1 2.3-2.3 2.3-12.3 0-22.2-9.9-22.2-22.2z"
        fill="#fff"
      />
      <path
        d="M27 16.8a5.4 5.4 0 0 1 4.7 4.8M27.5 10.5A12 12 0 0 1 37.8 21"
        fill="none"
        stroke="#A5DBA8"
        stroke-width="3.2"
        stroke-linecap="round"
      />
    </svg>
  );
}
