import { render } from 'preact';
import '../look/tokens.css';
import '../look/base.css';
import './guest.css';
import { browserClock } from '../clock.ts';
import { GuestApp } from './guest-app.tsx';

const app = document.getElementById('app');
if (app) render(<GuestApp clock={browserClock} address={new URL(location.href)} />, app);
