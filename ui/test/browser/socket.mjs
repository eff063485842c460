// The smallest WebSocket server that a test needs: accepts, sends text, closes with a code.
import { createHash } from "node:crypto";

const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Answers an upgrade; the returned `send(object)` and `close(code)` talk to that browser. */
export function accept(request, socket) {
  const key = createHash("sha1").update(request.headers["sec-websocket-key"] + MAGIC).digest("base64");
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`);
  socket.on("error", () => {});
  const frame = (kind, body) => {
    const head = body.length < 126 ? Buffer.from([0x80 | kind, body.length]) : Buffer.from([0x80 | kind, 126, body.length >> 8, body.length & 255]);
    socket.write(Buffer.concat([head, body]));
  };
  return {
    send: (value) => frame(1, Buffer.from(JSON.stringify(value))),
    close: (code) => {
      frame(8, Buffer.from([code >> 8, code & 255]));
      socket.end();
    },
  };
}
