// client.mjs KEY-FILE  A gateway client of any kind: connects once, as the environment says, and tells what came of it.
// CLIENT_ID, CLIENT_MODE, SCOPES (comma between)   what it says of itself; the key in KEY-FILE is its device, made if missing
// FORWARDED_FOR                                    where it comes from, as a proxy would tell
// Exit code: 0 connected, 3 pairing required, 4 refused otherwise, 5 no connection.
import crypto from 'node:crypto';
import fs from 'node:fs';

const env = process.env, file = process.argv[2];
const id = env.CLIENT_ID ?? 'cli', mode = env.CLIENT_MODE ?? 'cli', role = 'operator', platform = 'linux';
const scopes = (env.SCOPES ?? 'operator.read').split(','), token = 'test-token-0123456789abcdef';

if (!fs.existsSync(file))
  fs.writeFileSync(file, crypto.generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
const key = crypto.createPrivateKey(fs.readFileSync(file));
const publicKey = crypto.createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-32);
const deviceId = crypto.createHash('sha256').update(publicKey).digest('hex');

const headers = {};
if (env.FORWARDED_FOR) headers['X-Forwarded-For'] = env.FORWARDED_FOR;
const socket = new WebSocket(`ws://127.0.0.1:${env.OPENCLAW_GATEWAY_PORT}`, { headers });
let code = 5;

function connect(nonce) {
  const signedAt = Date.now();
  const text = ['v3', deviceId, id, mode, role, scopes.join(','), signedAt, token, nonce, platform, ''].join('|');
  const signature = crypto.sign(null, Buffer.from(text), key).toString('base64url');
  socket.send(JSON.stringify({ type: 'req', id: '1', method: 'connect', params: {
    minProtocol: 3, maxProtocol: 4, client: { id, version: '1.0.0', platform, mode }, role, scopes, caps: [],
    auth: { token }, device: { id: deviceId, publicKey: publicKey.toString('base64url'), signedAt, nonce, signature } } }));
}

socket.onmessage = (event) => {
  const message = JSON.parse(event.data);
  if (message.type === 'event' && message.event === 'connect.challenge') {
    connect(message.payload.nonce);
  } else if (message.type === 'res' && message.id === '1') {
    const text = JSON.stringify(message.ok ? { device: deviceId } : message.error);
    code = message.ok ? 0 : /pairing|scope upgrade|NOT_PAIRED/i.test(text) ? 3 : 4;
    console.log(message.ok ? 'connected' : 'refused', text);
    socket.close();
  }
};
socket.onclose = () => process.exit(code);
socket.onerror = (event) => console.log('error', event.message);
setTimeout(() => { console.log('timeout'); process.exit(5); }, 60000).unref();
