import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import { App } from './app.tsx';
import './style.css';
import { wireRateHz } from './talk/rate.ts';
import { openTap } from './talk/tap.ts';

openTap(wireRateHz);
render(<App />, document.getElementById('app')!);
