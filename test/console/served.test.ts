import { request } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { hashFile, sourceHash } from '../../console/source-hash.ts';
import { consoleFolder, readConsole } from '../../src/server/console-page.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

describe('the built console', () => {
  it('is that of the sources (else: npm run build:console)', () => {
    const path = join(consoleFolder, hashFile);
    expect(existsSync(path) ? readFileSync(path, 'utf8').trim() : 'none').toBe(sourceHash());
  });

  it('loads nothing from elsewhere and has no script or style in the page', () => {
    const page = readConsole()
      .find(({ path }) => path === '/')!
      .body.toString();
    expect(page).not.toMatch(/<style|style=|<script(?![^>]*src=)|\son\w+=/);
    const links = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link]) => link!);
    for (const link of links) expect(link).toMatch(/^\/(assets|api)\//);
  });

  it('says so where there is no build', () => {
    const [page, ...others] = readConsole('/nowhere');
    expect([page?.path, others]).toEqual(['/', []]);
    expect(page?.body.toString()).toContain('npm run build:console');
  });
});

describe('the console, served', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway.close());

  it('has a strict policy and is asked for again only when it has changed', async () => {
    const page = await fetch(gateway.url);
    const policy = page.headers.get('content-security-policy');
    expect(policy).toMatch(/default-src 'none'.*script-src 'self'.*frame-ancestors 'none'/);
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const etag = page.headers.get('etag')!;
    const again = await fetch(gateway.url, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const script = /src="([^"]+)"/.exec(await page.text())![1]!;
    const asset = await fetch(gateway.url + script);
    expect([asset.status, asset.headers.get('cache-control')]).toEqual([
      200,
      'public, max-age=31536000, immutable',
    ]);
    expect(asset.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  });

  it('gives no other file', async () => {
    for (const path of [
      '/sources.sha256',
      '/assets/',
      '/assets/%2e%2e/index.html',
      '/index.html',
    ]) {
      expect([path, (await fetch(gateway.url + path)).status]).toEqual([path, 404]);
    }
    expect(await rawStatus(gateway.port, '/assets/../../../package.json')).toBe(404);
  });

  it('no page of another site can start a call or read one', async () => {
    const origin = 'https://elsewhere.example';
    const refused = await new Promise<number>((resolve, reject) => {
      const socket = new WebSocket(`${gateway.wsUrl}/v1/realtime`, ['realtime'], { origin });
      socket.on('unexpected-response', (_, response) => resolve(response.statusCode ?? 0));
      socket.on('open', () => reject(new Error('the call was taken')));
      socket.on('error', () => undefined);
    });
    expect(refused).toBe(403);
    for (const path of ['/api/agents', '/api/calls', '/api/backends']) {
      const answer = await fetch(gateway.url + path, { headers: { origin } });
      expect([path, answer.status]).toEqual([path, 403]);
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    }
    expect(await (await fetch(`${gateway.url}/api/calls`)).json()).toEqual({ calls: [] });
  });
});

/** Status of a path that is sent as it stands. */
function rawStatus(port: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}
