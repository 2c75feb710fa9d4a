// Which ICE servers a connection to the server itself wants.

/**
 * Returns the configuration without STUN and without TURN over UDP, unless everything is to be relayed. Rooms are served at the very
 * address of those: who can reach them there reaches the room directly. And Chromium takes whatever comes to its UDP socket from the
 * address of a STUN or TURN server for that server's answer, so with them in the list the direct path never comes up.
 */
export function towardsServer(configuration: RTCConfiguration): RTCConfiguration {
  if (configuration.iceTransportPolicy === "relay") return configuration;
  const iceServers = (configuration.iceServers ?? []).flatMap((server) => {
    const urls = [server.urls].flat().filter(isOverStream);
    return urls.length > 0 ? [{ ...server, urls }] : [];
  });
  return { ...configuration, iceServers };
}

function isOverStream(url: string): boolean {
  return url.startsWith("turns:") || (url.startsWith("turn:") && /[?&]transport=tcp\b/i.test(url));
}
