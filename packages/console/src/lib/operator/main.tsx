import { render } from 'preact';
import '../look/tokens.css';
import '../look/base.css';

const app = document.getElementById('app');
if (app) render(<h1>Guestpass</h1>, app);
