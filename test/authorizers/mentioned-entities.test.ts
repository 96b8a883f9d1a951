import { createCedar } from '../../src/authorizers/cedar.ts';
import { mentionedEntities } from '../../src/authorizers/mentioned-entities.ts';

const cedar = createCedar();

it('finds whom and what policies name, wherever it stands, sorted and once', () => {
  const config = {
    policies: [
      'permit(principal == Client::"bob", action, resource == Tool::"weather");',
      'permit(principal in THVGroup::"eng", action, resource) when { resource == Tool::"mail" || resource == Tool::"weather" };',
      'permit(principal, action == Action::"get_prompt", resource == Prompt::"greet");',
      'forbid(principal, action, resource) when { [Resource::"file:///b", Resource::"file:///a"].contains(resource) } unless { principal == Client::"alice" };',
      'permit(principal in Team::"x", action, resource);',
      '@type("Tool") @id("p1") permit(principal, action, resource) when { context == {type: "Tool", id: "x"} };',
    ],
  };
  expect(mentionedEntities(config, cedar)).toEqual({
    clients: ['alice', 'bob'],
    groups: ['eng'],
    tools: ['mail', 'weather'],
    prompts: ['greet'],
    resources: ['file:///a', 'file:///b'],
  });
});

it('knows groups by the type that the config gives them', () => {
  const policies = [
    'permit(principal in Team::"x", action, resource);',
    'permit(principal in THVGroup::"y", action, resource);',
  ];
  expect(mentionedEntities({ policies, group_entity_type: 'Team' }, cedar).groups).toEqual(['x']);
});

it('passes over a policy that cannot be read, and finds nothing in another config', () => {
  const policies = ['permit(', 'permit(principal, action, resource == Tool::"a");'];
  expect(mentionedEntities({ policies }, cedar).tools).toEqual(['a']);
  expect(mentionedEntities({ http: {} }, cedar)).toEqual({
    clients: [],
    groups: [],
    tools: [],
    prompts: [],
    resources: [],
  });
});
