// A shop of two HTTP servers: a request to the first runs the pipeline in its handler, and the pipeline's work asks the
// second. What depends on the module system is passed in: instrumentation patches `require` and `import` in two ways.
'use strict';

const { once } = require('node:events');
const { connect } = require('node:net');
const { runPipeline } = require('./pipeline.cjs');

async function runShop({ Baton, createServer }) {
  const listen = async (answer) => {
    const server = createServer(answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
  };
  const tickets = await listen((_request, response) => response.end('ticket'));
  const askTickets = async () => (await fetch(`http://127.0.0.1:${tickets.address().port}/tickets`)).text();
  const shop = await listen(async (_request, response) => {
    const baton = await runPipeline(Baton, { pause: askTickets });
    await baton.shutdown();
    response.end('answered');
  });
  await knock(shop.address().port);
  for (const server of [shop, tickets]) {
    server.close();
    server.closeAllConnections();
  }
}

/** A customer outside: a bare socket, so that nobody traces the request from this side. */
async function knock(port) {
  const socket = connect(port, '127.0.0.1');
  socket.write('GET /support HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n');
  socket.resume();
  await once(socket, 'close');
}

exports.runShop = runShop;
