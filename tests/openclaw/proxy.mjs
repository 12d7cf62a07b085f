// proxy.mjs PORT GATEWAY-PORT  In front of a gateway: who connects here comes, as the gateway sees it, from elsewhere.
import net from 'node:net';

const [port, gatewayPort] = process.argv.slice(2).map(Number);

// Only the first request of a connection is marked; a WebSocket is the first of its own.
net.createServer((client) => {
  const gateway = net.connect(gatewayPort, '127.0.0.1');
  client.once('data', (data) => {
    const end = data.indexOf('\r\n') + 2;
    gateway.write(data.subarray(0, end));
    gateway.write('X-Forwarded-For: 203.0.113.7\r\n');
    gateway.write(data.subarray(end));
    client.pipe(gateway);
  });
  gateway.pipe(client);
  client.on('error', () => gateway.destroy());
  gateway.on('error', () => client.destroy());
}).listen(port, '127.0.0.1', () => console.log('ready'));
