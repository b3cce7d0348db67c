// Decides the requests of a file with iam-simulate, and prints answers and seconds as JSON.
import { readFileSync } from 'node:fs'
import { runSimulation, runUnsafeSimulation } from '@cloud-copilot/iam-simulate'

const { documents, requests } = JSON.parse(readFileSync(process.argv[2], 'utf8'))

const simulations = requests.map((one) => ({
  request: {
    principal: one.principal,
    action: one.action,
    resource: { resource: one.resource, accountId: one.account },
    contextVariables: one.context,
  },
  identityPolicies: one.identity.map(([name, index]) => ({ name, policy: documents[index] })),
  permissionBoundaryPolicies:
    one.boundary === null ? undefined : [{ name: 'boundary', policy: documents[one.boundary] }],
  serviceControlPolicies: one.scps.map((level, depth) => ({
    orgIdentifier: `level-${depth}`,
    policies: level.map((index) => ({ name: `scp-${index}`, policy: documents[index] })),
  })),
  resourceControlPolicies: [],
}))

async function checked(simulation) {
  const answer = await runSimulation(simulation, {})
  return answer.resultType === 'error' ? null : answer.overallResult === 'Allowed'
}

const unchecked = async (simulation) => runUnsafeSimulation(simulation, {}) === 'Allowed'

async function measured(decide) {
  for (const simulation of simulations) await decide(simulation)
  const answers = []
  const started = process.hrtime.bigint()
  for (const simulation of simulations) answers.push(await decide(simulation))
  return { seconds: Number(process.hrtime.bigint() - started) / 1e9, answers }
}

const found = {
  'iam-simulate, runSimulation': await measured(checked),
  'iam-simulate, runUnsafeSimulation': await measured(unchecked),
}
console.log(JSON.stringify(found))
