import { describe, expect, it } from "vitest";
import { towardsServer } from "./servers";

const secret = { username: "u", credential: "c" };
const configuration: RTCConfiguration = {
  iceTransportPolicy: "all",
  iceServers: [
    { urls: ["stun:example.org:3478"] },
    { urls: ["turn:example.org:3478", "turn:example.org:3478?transport=udp", "turn:example.org:3478?transport=tcp"], ...secret },
    { urls: "turns:example.org:443?transport=tcp", ...secret },
  ],
};

describe("the way to the server's own rooms", () => {
  it("is direct where UDP goes through, and relayed over streams where it does not", () => {
    expect(towardsServer(configuration)).toEqual({
      iceTransportPolicy: "all",
      iceServers: [
        { urls: ["turn:example.org:3478?transport=tcp"], ...secret },
        { urls: ["turns:example.org:443?transport=tcp"], ...secret },
      ],
    });
  });

  it("is relayed in every way where that is wanted", () => {
    const relayed: RTCConfiguration = { ...configuration, iceTransportPolicy: "relay" };
    expect(towardsServer(relayed)).toBe(relayed);
  });
});
