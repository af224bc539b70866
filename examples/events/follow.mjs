// Follows what happens in noond, in a browser or in Node: node follow.mjs URL KEY [TOPIC…]
//
// `credential()` gives an API key or a fresh access token. `heard(frame)` gets every event once and
// in order; a frame `gap` says that some are lost: read over HTTP how things are now.
export async function follow(url, credential, topics, heard, after = null) {
  for (let wait = 1; ; wait = Math.min(wait * 2, 60)) {
    try {
      const reply = await fetch(`${url}/api/v1/tickets`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${await credential()}` },
      });
      if (reply.status === 401) return; // revoked: a person has to sign in again
      if (!reply.ok) throw Error(`no ticket: ${reply.status}`);
      const { ticket } = await reply.json();
      const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws/events`, [
        'noond.events.v1', `ticket.${ticket}`]);
      socket.onopen = () => socket.send(JSON.stringify({ type: 'subscribe', topics, after }));
      socket.onmessage = ({ data }) => {
        const frame = JSON.parse(data);
        heard(frame); // before `after` moves on: what fails here comes again
        if (frame.type === 'error') socket.close();
        else { after = frame.to ?? frame.seq; wait = 1; }
      };
      await new Promise((resolve) => { socket.onclose = resolve; });
    } catch (error) { console.error(error.message); }
    await new Promise((resolve) => setTimeout(resolve, wait * (500 + 500 * Math.random())));
  }
}

if (globalThis.process?.argv[1]?.endsWith('follow.mjs')) {
  const [url, key, ...topics] = process.argv.slice(2);
  const wanted = topics.length ? topics : ['runs', 'devices', 'deliveries'];
  await follow(url, () => key, wanted, (frame) => console.log(JSON.stringify(frame)));
}
