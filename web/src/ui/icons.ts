// The drawings of the interface: 24 × 24, stroked with the current colour.

export const ICONS = {
  adduser: '<circle cx="10" cy="8" r="3.5"/><path d="M3.5 19.5c.4-3.7 3-6 6.5-6 1.6 0 3 .5 4.1 1.3M18 13.5v6M15 16.5h6"/>',
  alert: '<circle cx="12" cy="12" r="9"/><path d="M12 7v6M12 16.6v.1"/>',
  back: '<path d="M15 5l-7 7 7 7"/>',
  big: '<path d="M14 4h6v6M20 4l-6.5 6.5M10 20H4v-6M4 20l6.5-6.5"/>',
  calls:
    '<path d="M5.2 6.5h2.8l1.6 4-1.9 1.6a11 11 0 0 0 4.9 4.9l1.6-1.9 4 1.6v2.8c0 .7-.6 1.2-1.2 1.2C10.2 20.7 4 14.5 4 7.7c0-.7.5-1.2 1.2-1.2zM14 3.5h6.5V10M20.3 3.7L14 10"/>',
  chats:
    '<path d="M4 5.5h11a1.5 1.5 0 0 1 1.5 1.5v6a1.5 1.5 0 0 1-1.5 1.5H9L5 18v-3.5H4A1.5 1.5 0 0 1 2.5 13V7A1.5 1.5 0 0 1 4 5.5z"/><path d="M19.5 9.5h.5a1.5 1.5 0 0 1 1.5 1.5v5.5A1.5 1.5 0 0 1 20 18h-.7v3l-3.5-3h-4.3"/>',
  check: '<path d="M5 12.5l4.5 4.5L19.5 7"/>',
  checks: '<path d="M2.5 12.5L7 17l9-9.5M12 16.2l.8.8 8.7-9.5"/>',
  clock: '<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5.3l3.2 2"/>',
  copy: '<rect x="8.5" y="8.5" width="12" height="12" rx="2.5"/><path d="M15.5 5.5v-.5A1.5 1.5 0 0 0 14 3.5H5A1.5 1.5 0 0 0 3.5 5v9A1.5 1.5 0 0 0 5 15.5h.5"/>',
  down: '<path d="M6 9.5l6 6 6-6"/>',
  edit: '<path d="M4.5 19.5l1-4.2L16 4.8a2 2 0 0 1 2.8 0l.4.4a2 2 0 0 1 0 2.8L8.7 18.5z"/>',
  end: '<path d="M3 14.6c5-4.8 13-4.8 18 0l-1.7 2.6c-.3.5-.9.6-1.4.4l-2.9-1.3c-.4-.2-.7-.6-.7-1.1v-1.7c-1.5-.4-3.1-.4-4.6 0v1.7c0 .5-.3.9-.7 1.1l-2.9 1.3c-.5.2-1.1.1-1.4-.4z"/>',
  eye: '<path d="M2.5 12C5 7.7 8.2 5.5 12 5.5s7 2.2 9.5 6.5c-2.5 4.3-5.7 6.5-9.5 6.5S5 16.3 2.5 12z"/><circle cx="12" cy="12" r="3"/>',
  flip: '<path d="M4 11a8 8 0 0 1 13.8-4.5L20 8.5M20 3.5v5h-5M20 13a8 8 0 0 1-13.8 4.5L4 15.5M4 20.5v-5h5"/>',
  globe:
    '<circle cx="12" cy="12" r="8.5"/><path d="M3.5 12h17M12 3.5c3 2.6 3.5 5.4 3.5 8.5s-.5 5.9-3.5 8.5c-3-2.6-3.5-5.4-3.5-8.5s.5-5.9 3.5-8.5z"/>',
  gridv:
    '<rect x="4" y="4" width="7" height="7" rx="1.8"/><rect x="13" y="4" width="7" height="7" rx="1.8"/><rect x="4" y="13" width="7" height="7" rx="1.8"/><rect x="13" y="13" width="7" height="7" rx="1.8"/>',
  home: '<path d="M3.5 11.5L12 4l8.5 7.5M6 10v9.5h12V10"/><path fill="currentColor" stroke="none" d="M12 17.5c-2-1.3-3-2.4-3-3.6a1.5 1.5 0 0 1 3-.4 1.5 1.5 0 0 1 3 .4c0 1.2-1 2.3-3 3.6z"/>',
  lock: '<rect x="5" y="10.5" width="14" height="9.5" rx="2.5"/><path d="M8 10.5V8a4 4 0 0 1 8 0v2.5"/>',
  mic: '<rect x="9" y="3" width="6" height="11" rx="3"/><path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3"/>',
  micoff:
    '<path d="M9 9v2a3 3 0 0 0 4.5 2.6M15 10.5V6a3 3 0 0 0-5.8-1M5.5 11.5a6.5 6.5 0 0 0 9.8 5.6M18.5 11.5c0 1-.2 1.9-.6 2.7M12 18v3M4 3l16.5 18"/>',
  mini: '<path d="M20.5 11V7A2.5 2.5 0 0 0 18 4.5H6A2.5 2.5 0 0 0 3.5 7v9A2.5 2.5 0 0 0 6 18.5h4"/><rect x="13" y="13.5" width="8" height="6.5" rx="1.5"/>',
  missed: '<path d="M4 6.5l8 7 8-8M14.5 5.5H20V11"/>',
  mobile: '<rect x="7" y="3" width="10" height="18" rx="2.5"/><path d="M11 18h2"/>',
  moon: '<path d="M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z"/>',
  more: '<circle fill="currentColor" stroke="none" cx="12" cy="5.5" r="1.9"/><circle fill="currentColor" stroke="none" cx="12" cy="12" r="1.9"/><circle fill="currentColor" stroke="none" cx="12" cy="18.5" r="1.9"/>',
  next: '<path d="M9 5l7 7-7 7"/>',
  out: '<path d="M10 4.5H6.5A2 2 0 0 0 4.5 6.5v11a2 2 0 0 0 2 2H10M15 8l4.5 4-4.5 4M19 12H10"/>',
  pause: '<path d="M8.5 6v12M15.5 6v12"/>',
  people:
    '<circle cx="9" cy="8" r="3.5"/><path d="M2.5 19.5c.4-3.7 3-6 6.5-6s6.1 2.3 6.5 6M15.5 4.9a3.5 3.5 0 0 1 0 6.2M18 14c2 .8 3.3 2.7 3.6 5.5"/>',
  phone:
    '<path d="M5.2 4.5h3l1.7 4.2-2 1.7a12.6 12.6 0 0 0 5.7 5.7l1.7-2 4.2 1.7v3c0 .7-.6 1.2-1.3 1.2C10.5 20 4 13.5 4 5.8c0-.7.5-1.3 1.2-1.3z"/>',
  pin: '<path d="M9 4h6l-.7 5.5 3.2 3.5h-11l3.2-3.5zM12 13v7"/>',
  pulse: '<path d="M2.5 12.5h4.5l2.5-6.5 4.5 12 2.5-5.5h5"/>',
  retry: '<path d="M19.5 12a7.5 7.5 0 1 1-2.3-5.4M19.5 3.5v4.3h-4.3"/>',
  search: '<circle cx="10.5" cy="10.5" r="6"/><path d="M15 15l5 5"/>',
  send: '<path d="M4 12L3.5 4.5 21 12 3.5 19.5 4 12zm0 0h8"/>',
  share: '<rect x="3" y="4.5" width="18" height="12" rx="2.5"/><path d="M12 13.5V8M9.5 10L12 7.5l2.5 2.5M8.5 20h7"/>',
  sliders: '<path d="M4 7h8M18 7h2M4 17h2M12 17h8"/><circle cx="15" cy="7" r="2.7"/><circle cx="9" cy="17" r="2.7"/>',
  sound: '<path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11"/>',
  speakv:
    '<rect x="3.5" y="4" width="17" height="10" rx="2"/><rect x="3.5" y="17" width="4.5" height="3.5" rx="1"/><rect x="9.75" y="17" width="4.5" height="3.5" rx="1"/><rect x="16" y="17" width="4.5" height="3.5" rx="1"/>',
  sun: '<circle cx="12" cy="12" r="4"/><path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6L7 7M17 17l1.4 1.4M18.4 5.6L17 7M7 17l-1.4 1.4"/>',
  trash: '<path d="M4.5 7h15M9.5 7V4.5h5V7M6.5 7l.8 12.5h9.4L17.5 7M10.3 11v5M13.7 11v5"/>',
  video: '<rect x="3" y="6.5" width="12" height="11" rx="2.5"/><path d="M15 11l6-3.5v9L15 13"/>',
  videooff:
    '<path d="M9.5 6.5H12.5a2.5 2.5 0 0 1 2.5 2.5v2l6-3.5v9l-3-1.75M15 15a2.5 2.5 0 0 1-2.5 2.5h-7A2.5 2.5 0 0 1 3 15V9c0-1 .6-1.9 1.5-2.3M4 3l16.5 18"/>',
  x: '<path d="M6 6l12 12M18 6L6 18"/>',
} as const;

export type IconName = keyof typeof ICONS;
