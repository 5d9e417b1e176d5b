import platformClient from 'purecloud-platform-client-v2';

// Runs in a process of its own: the SDK is one client for the whole process, and watches a file of configuration. Reads
// one task as JSON from its arguments and writes what the SDK answered as JSON.

interface Task {
  readonly port: number;
  readonly historyJwt: string;
  readonly exchange: {
    readonly deploymentId: string;
    readonly oauth: { readonly code: string; readonly redirectUri: string; readonly codeVerifier: string };
  };
}

// Written by the test beside this file alone.
const task = JSON.parse(process.argv[2] ?? '') as Task;
const client = platformClient.ApiClient.instance;
client.config.live_reload_config = false;
client.config.setGateway({
  host: '127.0.0.1',
  protocol: 'http',
  port: task.port,
  path_params_login: '',
  path_params_api: '',
});

/** The SDK throws the error body itself. */
const refused = (error: unknown) => {
  const { status, code, contextId } = Object(error);
  return { status, code, contextId };
};

const { accessToken } = await client.loginClientCredentialsGrant('sim-client', 'sim-secret');
const wrong = await client.loginClientCredentialsGrant('sim-client', 'wrong').catch(refused);

client.setAccessToken(task.historyJwt);
const history = await new platformClient.WebMessagingApi().getWebmessagingMessages({ pageSize: 2, pageNumber: 1 });

const deployments = new platformClient.WebDeploymentsApi();
const signedIn = await deployments.postWebdeploymentsTokenOauthcodegrantjwtexchange(task.exchange);
const again = await deployments.postWebdeploymentsTokenOauthcodegrantjwtexchange(task.exchange).catch(refused);
const { deploymentId } = task.exchange;
const { refreshToken = '' } = signedIn;
const refreshed = await deployments.postWebdeploymentsTokenRefresh({ body: { refreshToken, deploymentId } });
client.setAccessToken(refreshed.jwt ?? '');
await deployments.deleteWebdeploymentsTokenRevoke({});
const afterRevoking = await deployments
  .postWebdeploymentsTokenRefresh({ body: { refreshToken, deploymentId } })
  .catch(refused);

process.stdout.write(JSON.stringify({ accessToken, wrong, history, signedIn, again, refreshed, afterRevoking }));
