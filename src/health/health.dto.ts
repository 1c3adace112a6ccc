import { applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiExtraModels, ApiOperation, ApiProperty, ApiResponse, ApiSchema, getSchemaPath } from '@nestjs/swagger';

@ApiSchema({ name: 'ComponentHealth', description: 'One component; further members tell more about it.' })
class ComponentHealthView {
  @ApiProperty({ enum: ['up', 'degraded', 'down'], description: '`degraded`: requests are served without it.' })
  status!: string;

  @ApiProperty({ required: false, example: 'postgres' })
  kind?: string;

  @ApiProperty({ required: false, type: 'integer', description: 'Milliseconds.', example: 1 })
  responseTime?: number;

  @ApiProperty({ required: false, description: 'What is wrong.' })
  message?: string;
}

const components = (description: string) =>
  ApiProperty({
    type: 'object',
    description,
    additionalProperties: { $ref: getSchemaPath(ComponentHealthView) },
    example: { database: { status: 'up', kind: 'postgres', responseTime: 1 } },
  });

@ApiSchema({ name: 'Health', description: 'The shape of @nestjs/terminus.' })
@ApiExtraModels(ComponentHealthView)
class HealthView {
  @ApiProperty({ enum: ['ok', 'degraded', 'error', 'shutting_down'] })
  status!: string;

  @components('The components that are not down.')
  info!: Record<string, ComponentHealthView>;

  @components('The components that are down.')
  error!: Record<string, ComponentHealthView>;

  @components('All components.')
  details!: Record<string, ComponentHealthView>;
}

/** What the contract says of a health route. */
export const HealthOperation = (operationId: string, summary: string, description: string) =>
  applyDecorators(
    RouteConfig({ operation: operationId }),
    ApiOperation({ operationId, summary, description }),
    ApiResponse({ status: 200, description: 'Yes.', type: HealthView }),
    ApiResponse({ status: 503, description: 'No.', type: HealthView }),
  );
