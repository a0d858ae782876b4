// The agent in a React app: an element like any other, with its events and methods.
//
//   cd examples/react && npm install && PARLEY_KEY=… npm start

import { useEffect, useRef, useState } from 'react';
import { createRoot } from 'react-dom/client';

function Shop() {
  const agent = useRef(null);
  const [said, setSaid] = useState('');
  useEffect(() => {
    const element = agent.current;
    const hear = ({ detail }) => { if (detail.type === 'reply.done') setSaid(detail.text); };
    element.addEventListener('parley:event', hear);
    return () => element.removeEventListener('parley:event', hear);
  }, []);
  return (
    <main>
      <h1>A shop</h1>
      <button id="ask" onClick={() => agent.current.say('Where is my order W10002?')}>Where is my order?</button>
      <p id="said">{said}</p>
      <parley-agent ref={agent} token-url="/token" />
    </main>
  );
}

createRoot(document.getElementById('shop')).render(<Shop />);
