/** Reads a configuration in YAML, and prints what that throws. */
import { configFromYaml } from 'persistdict/config'

try {
  configFromYaml('store: ./x')
} catch (error) {
  console.log(JSON.stringify({ ...error, message: error.message }))
}
